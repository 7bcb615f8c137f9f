//! ProtoJSON to prost's messages, which know nothing of JSON: as much of it as the golden records use.

use crate::sessionlog_v1::{SessionAttempt, SessionRecord};
use prost_types::value::Kind;
use prost_types::{ListValue, Struct};
use serde_json::{Map, Value};
use std::str::FromStr;

type Fallible<T> = Result<T, String>;

/// A record; an error for a key or a value that ProtoJSON does not allow there.
pub fn record(json: &Value) -> Fallible<SessionRecord> {
    let mut record = SessionRecord::default();
    for (key, value) in object(json)? {
        match key.as_str() {
            "schema" => record.schema = text(value)?,
            "session_id" => record.session_id = text(value)?,
            "timestamp" => record.timestamp = Some(parsed(&text(value)?)?),
            "daemon" => record.daemon = text(value)?,
            "kind" => record.kind = text(value)?,
            "model" => record.model = text(value)?,
            "provider" => record.provider = text(value)?,
            "prompt" => record.prompt = text(value)?,
            "iterations" => record.iterations = integer(value)?,
            "max_iterations" => record.max_iterations = integer(value)?,
            "final_verdict" => record.final_verdict = text(value)?,
            "attempts" => record.attempts = list(value)?.iter().map(attempt).collect::<Fallible<_>>()?,
            "artifact" => record.artifact = Some(structure(object(value)?)),
            "grounded_in_roster" => record.grounded_in_roster = Some(value.as_bool().ok_or("no boolean")?),
            "duration_ms" => record.duration_ms = integer(value)?,
            _ => return Err(format!("a record has no {key}")),
        }
    }
    Ok(record)
}

fn attempt(json: &Value) -> Fallible<SessionAttempt> {
    let mut attempt = SessionAttempt::default();
    for (key, value) in object(json)? {
        match key.as_str() {
            "iteration" => attempt.iteration = integer(value)?,
            "verdict_kind" => attempt.verdict_kind = text(value)?,
            "error" => attempt.error = text(value)?,
            "span_id" => attempt.span_id = text(value)?,
            _ => return Err(format!("an attempt has no {key}")),
        }
    }
    Ok(attempt)
}

fn structure(json: &Map<String, Value>) -> Struct {
    Struct { fields: json.iter().map(|(key, value)| (key.clone(), any(value))).collect() }
}

fn any(json: &Value) -> prost_types::Value {
    let kind = match json {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(*value),
        // Without serde_json's arbitrary_precision every number is one of 64 bits.
        Value::Number(value) => Kind::NumberValue(value.as_f64().unwrap_or(f64::NAN)),
        Value::String(value) => Kind::StringValue(value.clone()),
        Value::Array(values) => Kind::ListValue(ListValue { values: values.iter().map(any).collect() }),
        Value::Object(fields) => Kind::StructValue(structure(fields)),
    };
    prost_types::Value { kind: Some(kind) }
}

/// An integer stands in ProtoJSON as a number or, as those of 64 bits are printed, as text.
fn integer<T: FromStr>(json: &Value) -> Fallible<T> {
    parsed(json.as_str().unwrap_or(&json.to_string()))
}

fn parsed<T: FromStr>(text: &str) -> Fallible<T> {
    text.parse().map_err(|_| format!("{text} is not of the field's type"))
}

fn text(json: &Value) -> Fallible<String> {
    json.as_str().map(String::from).ok_or_else(|| format!("{json} is no text"))
}

fn object(json: &Value) -> Fallible<&Map<String, Value>> {
    json.as_object().ok_or_else(|| format!("{json} is no object"))
}

fn list(json: &Value) -> Fallible<&Vec<Value>> {
    json.as_array().ok_or_else(|| format!("{json} is no list"))
}
