//! The server of gRPC's interop tests (its `interop-test-descriptions.md`), for foreign clients to call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prost::Message;
use rmicro_runtime::{Code, Context, Error, Receiver, Result, Sender, Service};
use rmicro_tests::protos::grpc::testing::*;
use rmicro_tests::protos::xds::data::orca::v3::OrcaLoadReport;
use rmicro_tests::protos::xds::service::orca::v3::{
    OpenRcaServiceHandler, OrcaLoadReportRequest, register_open_rca_service_handler,
};

const INITIAL: &str = "x-grpc-test-echo-initial";
const TRAILING: &str = "x-grpc-test-echo-trailing-bin";
const LOAD: &str = "endpoint-load-metrics-bin";

/// The load that [`Loads`] reports, set by calls of [`Tester`].
#[derive(Clone, Default)]
struct Load(Arc<Mutex<OrcaLoadReport>>);

impl Load {
    fn set(&self, report: OrcaLoadReport) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }

    fn get(&self) -> OrcaLoadReport {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

struct Tester(Load);

impl TestServiceHandler for Tester {
    async fn empty_call(&self, _ctx: Context, _request: Empty) -> Result<Empty> {
        Ok(Empty {})
    }

    async fn unary_call(&self, ctx: Context, request: SimpleRequest) -> Result<SimpleResponse> {
        echo_metadata(&ctx)?;
        end_as_asked(request.response_status)?;
        if let Some(report) = request.orca_per_query_report {
            ctx.trailers()
                .insert_bin(LOAD, load(report).encode_to_vec())?;
        }
        Ok(SimpleResponse {
            payload: Some(payload(request.response_size)?),
            server_id: match request.fill_server_id {
                true => std::process::id().to_string(),
                false => String::new(),
            },
        })
    }

    async fn streaming_output_call(
        &self,
        _ctx: Context,
        request: StreamingOutputCallRequest,
        mut replies: Sender<StreamingOutputCallResponse>,
    ) -> Result<()> {
        answer(&request.response_parameters, &mut replies).await
    }

    async fn streaming_input_call(
        &self,
        _ctx: Context,
        mut requests: Receiver<StreamingInputCallRequest>,
    ) -> Result<StreamingInputCallResponse> {
        let mut sum = 0;
        while let Some(request) = requests.recv().await? {
            sum += request.payload.unwrap_or_default().body.len();
        }
        let aggregated_payload_size =
            i32::try_from(sum).map_err(|_| Error::out_of_range("more than 2 GiB"))?;
        Ok(StreamingInputCallResponse {
            aggregated_payload_size,
        })
    }

    async fn full_duplex_call(
        &self,
        ctx: Context,
        mut requests: Receiver<StreamingOutputCallRequest>,
        mut replies: Sender<StreamingOutputCallResponse>,
    ) -> Result<()> {
        echo_metadata(&ctx)?;
        while let Some(request) = requests.recv().await? {
            end_as_asked(request.response_status)?;
            if let Some(report) = request.orca_oob_report {
                self.0.set(load(report));
            }
            answer(&request.response_parameters, &mut replies).await?;
        }
        Ok(())
    }

    async fn half_duplex_call(
        &self,
        _ctx: Context,
        mut requests: Receiver<StreamingOutputCallRequest>,
        mut replies: Sender<StreamingOutputCallResponse>,
    ) -> Result<()> {
        let mut asked = Vec::new();
        while let Some(request) = requests.recv().await? {
            asked.extend(request.response_parameters);
        }
        answer(&asked, &mut replies).await
    }

    async fn unimplemented_call(&self, ctx: Context, _request: Empty) -> Result<Empty> {
        Err(Error::unimplemented(format!(
            "{} is not implemented",
            ctx.endpoint()
        )))
    }
}

struct Loads(Load);

impl OpenRcaServiceHandler for Loads {
    async fn stream_core_metrics(
        &self,
        _ctx: Context,
        request: OrcaLoadReportRequest,
        mut replies: Sender<OrcaLoadReport>,
    ) -> Result<()> {
        let asked = request.report_interval.unwrap_or_default();
        let (seconds, nanos) = (u64::try_from(asked.seconds), u32::try_from(asked.nanos));
        let (Ok(seconds), Ok(nanos @ ..1_000_000_000)) = (seconds, nanos) else {
            return Err(Error::invalid_argument(format!("{asked:?} is no interval")));
        };
        let interval = Duration::new(seconds, nanos).max(Duration::from_millis(100));
        loop {
            replies.send(self.0.get()).await?;
            tokio::time::sleep(interval).await;
        }
    }
}

fn echo_metadata(ctx: &Context) -> Result<()> {
    if let Some(value) = ctx.metadata().get(INITIAL) {
        ctx.reply_metadata().insert(INITIAL, value)?;
    }
    if let Some(value) = ctx.metadata().get_bin(TRAILING) {
        ctx.trailers().insert_bin(TRAILING, value)?;
    }
    Ok(())
}

fn end_as_asked(status: Option<EchoStatus>) -> Result<()> {
    let EchoStatus { code, message } = status.unwrap_or_default();
    match u32::try_from(code).map(Code::from_number) {
        Ok(Code::Ok) => Ok(()),
        Ok(code) => Err(Error::new(code, message)),
        Err(_) => Err(Error::invalid_argument(format!("{code} is no status code"))),
    }
}

async fn answer(
    asked: &[ResponseParameters],
    replies: &mut Sender<StreamingOutputCallResponse>,
) -> Result<()> {
    for one in asked {
        if let Ok(interval @ 1..) = u64::try_from(one.interval_us) {
            tokio::time::sleep(Duration::from_micros(interval)).await;
        }
        let payload = Some(payload(one.size)?);
        replies
            .send(StreamingOutputCallResponse { payload })
            .await?;
    }
    Ok(())
}

fn payload(size: i32) -> Result<Payload> {
    let size = usize::try_from(size)
        .map_err(|_| Error::invalid_argument(format!("{size} is no size of a payload")))?;
    Ok(Payload {
        body: vec![0; size],
        ..Payload::default()
    })
}

fn load(report: TestOrcaReport) -> OrcaLoadReport {
    OrcaLoadReport {
        cpu_utilization: report.cpu_utilization,
        mem_utilization: report.memory_utilization,
        request_cost: report.request_cost,
        utilization: report.utilization,
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let service = Service::new("interop")?;
    let load = Load::default();
    register_test_service_handler(service.server(), Tester(load.clone()))?;
    register_open_rca_service_handler(service.server(), Loads(load))?;
    service.run().await
}
