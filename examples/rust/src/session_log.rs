//! Sends sessions in the background: a bounded channel, batches, and the retry rule of docs/CLIENTS.md.

use crate::sessionlog_v1::append_result::Outcome;
use crate::sessionlog_v1::session_log_client::SessionLogClient;
use crate::sessionlog_v1::{BatchAppendSessionsRequest, SessionRecord};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};
use tokio::{sync::mpsc, task::JoinHandle, time};
use tonic::{Code, Status, transport::Channel, transport::Endpoint};
use tonic_types::StatusExt;

const BUFFER_RECORDS_MAX: usize = 10_000;
const BATCH_RECORDS_MAX: usize = 500;
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);
const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub struct Counts {
    pub stored: AtomicU64,
    pub refused: AtomicU64,
    pub dropped: AtomicU64,
}

pub struct SessionLog {
    records: mpsc::Sender<SessionRecord>,
    sender: JoinHandle<()>,
    pub counts: Arc<Counts>,
}

impl SessionLog {
    /// It connects with the first record, and the service may be down then. To be called within a tokio runtime.
    pub fn new(address: &str) -> Result<Self, tonic::transport::Error> {
        let channel = Endpoint::from_shared(format!("http://{address}"))?.timeout(CALL_TIMEOUT).connect_lazy();
        let (records, receiver) = mpsc::channel(BUFFER_RECORDS_MAX);
        let counts = Arc::<Counts>::default();
        let sender = tokio::spawn(send_all(SessionLogClient::new(channel), receiver, counts.clone()));
        Ok(Self { records, sender, counts })
    }

    /// Returns at once. A full buffer drops the record. Its own session_id and timestamp make a retry safe.
    pub fn append(&self, mut record: SessionRecord) {
        if record.session_id.is_empty() {
            record.session_id = uuid::Uuid::new_v4().simple().to_string();
        }
        record.timestamp.get_or_insert_with(|| SystemTime::now().into());
        if self.records.try_send(record).is_err() {
            self.counts.dropped.fetch_add(1, Relaxed);
        }
    }

    /// Sends what is in the buffer; what is left after CLOSE_TIMEOUT is lost. To be called at SIGTERM.
    pub async fn close(mut self) -> Arc<Counts> {
        drop(self.records);
        if time::timeout(CLOSE_TIMEOUT, &mut self.sender).await.is_err() {
            self.sender.abort();
            eprintln!("the session log was closed before all records were sent");
        }
        self.counts
    }
}

/// Ends when all senders are dropped and the buffer is empty.
async fn send_all(mut client: SessionLogClient<Channel>, mut buffer: mpsc::Receiver<SessionRecord>, counts: Arc<Counts>) {
    let (mut parts, mut wait) = (vec![Vec::new()], BACKOFF_MIN);
    while buffer.recv_many(&mut parts[0], BATCH_RECORDS_MAX).await > 0 {
        while let Some(mut records) = parts.pop() {
            match client.batch_append_sessions(BatchAppendSessionsRequest { records: records.clone() }).await {
                Ok(reply) => {
                    wait = BACKOFF_MIN;
                    for (record, result) in records.iter().zip(reply.into_inner().results) {
                        match result.outcome {
                            Some(Outcome::Appended(_)) => _ = counts.stored.fetch_add(1, Relaxed),
                            refused => refuse(&counts, record, &format!("{refused:?}")),
                        }
                    }
                }
                Err(status) => match action_after(&status, records.len()) {
                    Action::Retry(asked) => {
                        eprintln!("the session log is unavailable, records are buffered: {status}");
                        time::sleep(wait.max(asked)).await;
                        wait = (wait * 2).min(BACKOFF_MAX);
                        parts.push(records);
                    }
                    Action::Split => {
                        let second_half = records.split_off(records.len() / 2);
                        parts.extend([second_half, records]);
                    }
                    Action::GiveUp => records.iter().for_each(|record| refuse(&counts, record, &status.to_string())),
                },
            }
        }
        parts.push(Vec::new());
    }
}

fn refuse(counts: &Counts, record: &SessionRecord, reason: &str) {
    counts.refused.fetch_add(1, Relaxed);
    eprintln!("the session log refused session {} of {}: {reason}", record.session_id, record.daemon);
}

enum Action {
    Retry(Duration),
    Split,
    GiveUp,
}

fn action_after(status: &Status, records: usize) -> Action {
    let asked = status.get_details_retry_info().map(|info| info.retry_delay.unwrap_or_default());
    match (status.code(), asked) {
        (Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Aborted, _) => Action::Retry(asked.unwrap_or_default()),
        (Code::ResourceExhausted, Some(asked)) => Action::Retry(asked),
        (Code::Unauthenticated, _) => Action::Retry(BACKOFF_MAX), // a token may have been renewed
        (Code::Unimplemented | Code::PermissionDenied, _) => Action::GiveUp,
        _ if records > 1 => Action::Split,
        _ => Action::GiveUp,
    }
}
