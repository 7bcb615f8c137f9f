//! Generates the messages and the client from proto/, with a protoc that comes as a crate.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = tonic_prost_build::Config::new();
    config.protoc_executable(protoc_bin_vendored::protoc_bin_path()?);
    let well_known = protoc_bin_vendored::include_path()?;
    tonic_prost_build::configure().build_server(false).compile_with_config(
        config,
        &["../../proto/sessionlog/v1/session_log.proto".into()],
        &["../../proto".into(), well_known],
    )?;
    Ok(())
}
