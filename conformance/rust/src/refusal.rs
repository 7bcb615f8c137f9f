//! What a refusal says, from `grpc-status-details-bin`: a google.rpc.Status with a google.rpc.BadRequest, of which this
//! is as much as is read.

use prost::Message;
use serde_json::{Value, json};
use std::error::Error;
use tonic::{Code, Status};

#[derive(Message)]
struct RpcStatus {
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

#[derive(Message)]
struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    field_violations: Vec<FieldViolation>,
}

#[derive(Message)]
struct FieldViolation {
    #[prost(string, tag = "1")]
    field: String,
    #[prost(string, tag = "3")]
    reason: String,
}

/// The violations of a refused record; an error when the status is another one, or has none.
pub fn violations(status: &Status) -> Result<Value, Box<dyn Error>> {
    let mut violations = Vec::new();
    for detail in RpcStatus::decode(status.details())?.details {
        if detail.type_url == "type.googleapis.com/google.rpc.BadRequest" {
            violations.extend(BadRequest::decode(&*detail.value)?.field_violations);
        }
    }
    if status.code() != Code::InvalidArgument || violations.is_empty() {
        return Err(status.to_string().into());
    }
    Ok(violations.iter().map(|found| json!({ "field": found.field, "reason": found.reason })).collect())
}
