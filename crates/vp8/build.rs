//! Tells the build script of `imgprep` where the source of this crate is, which `imgprep` carries.

fn main() -> Result<(), std::env::VarError> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::metadata=root={}", std::env::var("CARGO_MANIFEST_DIR")?);
    Ok(())
}
