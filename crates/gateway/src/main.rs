//! The program `iwmo`.
fn main() {}
