package main

import (
    "context"
    "fmt"

    micro "github.com/micro/go-micro/v2"
    proto "web_demo/proto/pb/proto_demo"
)

type Greeter struct{}

func (g *Greeter) Greet(ctx context.Context, req *proto.Request, rsp *proto.Response) error {
	rsp.Msg = "Greet " + req.Name
	return nil
}

func main() {
    // 创建一个新服务
    service := micro.NewService(
        micro.Name("greeter"),
    )

    // 服务初始化
    service.Init()

    // 注册 handler处理函数
    proto.RegisterGreeterHandler(service.Server(), new(Greeter))

    // 启动服务
    if err := service.Run(); err != nil {
        fmt.Println(err)
    }
}
