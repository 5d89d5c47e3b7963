//! The server under test, and the messages of every case.

use std::sync::Arc;

use rmicro_runtime::Result;
use rmicro_tests::judge;
use rmicro_tests::protos::grpc::testing::*;
use rmicro_tests::protos::xds::service::orca::v3::OpenRcaService;

pub(crate) const LARGE_REQUEST: usize = 271_828;
pub(crate) const LARGE_RESPONSE: usize = 314_159;
pub(crate) const REQUESTS: [usize; 4] = [27_182, 8, 1_828, 45_904];
pub(crate) const RESPONSES: [usize; 4] = [31_415, 9, 2_653, 58_979];

/// The server under test.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) tester: TestService,
    pub(crate) nobody: UnimplementedService,
    pub(crate) loads: OpenRcaService,
    pub(crate) address: Arc<str>,
}

impl Peer {
    /// Connections of its own to the server at `address`, made with the first call.
    pub(crate) async fn new(address: &str) -> Result<Self> {
        let service = judge::caller("interop", address).await?.build()?;
        Ok(Self {
            tester: TestService::new("interop", service.client()),
            nobody: UnimplementedService::new("interop", service.client()),
            loads: OpenRcaService::new("interop", service.client()),
            address: address.into(),
        })
    }

    /// A large call must still work: whatever came before has not harmed the connection.
    pub(crate) async fn must_be_well(&self) -> Result<()> {
        self.large().await.map(drop)
    }

    pub(crate) async fn large(&self) -> Result<SimpleResponse> {
        let reply = self
            .tester
            .unary_call(simple(LARGE_REQUEST, LARGE_RESPONSE))
            .await?;
        assert_eq!(size(&reply.payload), LARGE_RESPONSE);
        Ok(reply)
    }
}

pub(crate) fn simple(request: usize, response: usize) -> SimpleRequest {
    SimpleRequest {
        payload: payload(request),
        response_size: response as i32,
        ..SimpleRequest::default()
    }
}

/// Asks for one answer of each of the sizes `responses`.
pub(crate) fn output(request: usize, responses: &[usize]) -> StreamingOutputCallRequest {
    let wanted = |&size| ResponseParameters {
        size: size as i32,
        ..ResponseParameters::default()
    };
    StreamingOutputCallRequest {
        payload: payload(request),
        response_parameters: responses.iter().map(wanted).collect(),
        ..StreamingOutputCallRequest::default()
    }
}

pub(crate) fn payload(size: usize) -> Option<Payload> {
    Some(Payload {
        body: vec![0; size],
        ..Payload::default()
    })
}

/// How long the body is, which must be zeros.
pub(crate) fn size(payload: &Option<Payload>) -> usize {
    let body = payload.as_ref().map_or(&[][..], |payload| &payload.body);
    assert!(body.iter().all(|byte| *byte == 0), "the body is not zeros");
    body.len()
}
