//! Appends sessions: `sessionlog-example ADDRESS COUNT …`, to one session log after the other, and prints what became of them.

mod session_log;

pub mod sessionlog_v1 {
    tonic::include_proto!("sessionlog.v1");
}

use session_log::SessionLog;
use sessionlog_v1::SessionRecord;
use std::sync::atomic::Ordering::Relaxed;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    for pair in words.chunks_exact(2) {
        let log = SessionLog::new(&pair[0])?;
        for number in 0..pair[1].parse()? {
            log.append(SessionRecord {
                daemon: "example-rust".into(),
                kind: if number == 1_000 { "poem" } else { "fill" }.into(), // the service refuses that one
                prompt: format!("Fill slot {number}."),
                final_verdict: "max_iter_exhausted".into(),
                ..Default::default()
            });
        }
        let counts = log.close().await;
        let [stored, refused, dropped] = [&counts.stored, &counts.refused, &counts.dropped].map(|count| count.load(Relaxed));
        println!(r#"{{"stored":{stored},"refused":{refused},"dropped":{dropped}}}"#);
    }
    Ok(())
}
