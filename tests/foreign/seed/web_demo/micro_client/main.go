package main

import (
    "context"
    "fmt"

    micro "github.com/micro/go-micro/v2"
    proto  "web_demo/proto/pb/proto_demo"
)

func main() {
    // 创建新服务
    service := micro.NewService(micro.Name("greeter.client"))
    // 服务初始化
    service.Init()

    // 创建RPC的客户端实例
    greeter := proto.NewGreeterService("greeter", service.Client())

    // 发起RPC调用
    rsp, err := greeter.Greet(context.TODO(), &proto.Request{Name: "John"})
    if err != nil {
        fmt.Println(err)
    }

    // 打印返回值
    fmt.Println(rsp.Msg)
}
