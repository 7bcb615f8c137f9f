//! Sends golden records with the stubs that tonic generates.
//!
//!     sessionlog-conformance ADDRESS < cases
//!
//! Each line of standard input is a case, {"name": …, "send": the record's ProtoJSON as text}; each line of standard output
//! its answer, {"name", "sequence"} or {"name", "violations"}, or {"name", "error"} where there was neither.

mod proto_json;
mod refusal;

pub mod sessionlog_v1 {
    tonic::include_proto!("sessionlog.v1");
}

use serde_json::{Value, json};
use sessionlog_v1::AppendSessionRequest;
use sessionlog_v1::session_log_client::SessionLogClient;
use std::error::Error;
use std::io::{Write, stdin, stdout};
use std::time::Duration;
use tonic::transport::{Channel, Endpoint};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("an address is needed")?;
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?.timeout(Duration::from_secs(30));
    let mut client = SessionLogClient::new(endpoint.connect().await?);
    for line in stdin().lines() {
        let case: Value = serde_json::from_str(&line?)?;
        let mut answer = send(&mut client, &case).await.unwrap_or_else(|error| json!({ "error": error.to_string() }));
        answer["name"] = case["name"].clone();
        writeln!(stdout(), "{answer}")?;
    }
    Ok(())
}

async fn send(client: &mut SessionLogClient<Channel>, case: &Value) -> Result<Value, Box<dyn Error>> {
    let record = proto_json::record(&serde_json::from_str(case["send"].as_str().ok_or("no record")?)?)?;
    let request = AppendSessionRequest { record: Some(record), validate_only: false };
    match client.append_session(request).await {
        Ok(reply) => Ok(json!({ "sequence": reply.get_ref().sequence })),
        Err(status) => Ok(json!({ "violations": refusal::violations(&status)? })),
    }
}
