//! The lessons are embedded in the binary: build anew when one is added.

fn main() {
    println!("cargo::rerun-if-changed=lessons");
    println!("cargo::rerun-if-changed=build.rs");
}
