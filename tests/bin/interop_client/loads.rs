//! ORCA: the load that a server reports with a call, and beside calls.

use std::collections::BTreeMap;

use prost::Message;
use rmicro_runtime::{Result, types};
use rmicro_tests::judge::Case;
use rmicro_tests::protos::grpc::testing::*;
use rmicro_tests::protos::xds::data::orca::v3::OrcaLoadReport;
use rmicro_tests::protos::xds::service::orca::v3::OrcaLoadReportRequest;

use crate::peer::{Peer, output, simple};

pub(crate) const CASES: &[Case<Peer>] = rmicro_tests::cases![orca_per_rpc, orca_oob];

async fn orca_per_rpc(peer: Peer) -> Result<()> {
    let asked = TestOrcaReport {
        cpu_utilization: 0.8210,
        memory_utilization: 0.5847,
        request_cost: map("cost", 3456.32),
        utilization: map("util", 0.30499),
    };
    let wanted = load(&asked);
    let request = SimpleRequest {
        orca_per_query_report: Some(asked),
        ..simple(0, 0)
    };
    let reply = peer.tester.unary_call(request).send().await?;
    let told = reply
        .trailers
        .get_bin("endpoint-load-metrics-bin")
        .expect("a load report");
    assert_eq!(
        OrcaLoadReport::decode(told).expect("a sound report"),
        wanted
    );
    Ok(())
}

async fn orca_oob(peer: Peer) -> Result<()> {
    let mut call = peer.tester.full_duplex_call().await?;
    for (cpu, memory, util) in [(0.8210, 0.5847, 0.30499), (0.29309, 0.2, 0.2039)] {
        let asked = TestOrcaReport {
            cpu_utilization: cpu,
            memory_utilization: memory,
            utilization: map("util", util),
            ..TestOrcaReport::default()
        };
        let wanted = load(&asked);
        call.send(StreamingOutputCallRequest {
            orca_oob_report: Some(asked),
            ..output(0, &[1])
        })
        .await?;
        assert!(call.recv().await?.is_some());
        reported(&peer, &wanted).await?;
    }
    call.close_send();
    assert_eq!(call.recv().await?, None);
    Ok(())
}

/// Waits until the server reports `wanted`, which the case's own limit bounds.
async fn reported(peer: &Peer, wanted: &OrcaLoadReport) -> Result<()> {
    let report_interval = Some(types::Duration {
        seconds: 0,
        nanos: 100_000_000,
    });
    let request = OrcaLoadReportRequest { report_interval };
    let mut reports = peer.loads.stream_core_metrics(request).await?;
    while let Some(report) = reports.recv().await? {
        if report == *wanted {
            return Ok(());
        }
    }
    panic!("the server ended its reports");
}

fn map(name: &str, value: f64) -> BTreeMap<String, f64> {
    BTreeMap::from([(name.to_owned(), value)])
}

fn load(asked: &TestOrcaReport) -> OrcaLoadReport {
    OrcaLoadReport {
        cpu_utilization: asked.cpu_utilization,
        mem_utilization: asked.memory_utilization,
        request_cost: asked.request_cost.clone(),
        utilization: asked.utilization.clone(),
    }
}
