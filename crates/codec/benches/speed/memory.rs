//! How much memory a large message takes beyond its own bytes: the peak that the kernel saw, in a process of
//! its own for each measurement.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use crate::corpus::Document;

/// Tells the program that it is such a process.
pub(crate) const FLAG: &str = "--memory";

/// Prints what validating and decoding take.
pub(crate) fn table(document: &Document, products: usize) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("large.xml");
    if fs::write(&file, &document.xml).is_err() {
        println!("\nmemory is left out: {} cannot be written", file.display());
        return;
    }
    let length = document.xml.len();
    println!("\nmemory beyond the input of {} KiB (301 with {products} products)", length / 1024);
    for work in ["validate", "decode"] {
        let program = std::env::current_exe().expect("a process knows its program");
        let output = Command::new(program).arg(FLAG).arg(work).arg(&file).output().expect("a process starts");
        match String::from_utf8_lossy(&output.stdout).trim().parse::<usize>() {
            Ok(kib) => {
                println!("{work:<28} {kib:>9} KiB {:>7.2} x the input", kib as f64 * 1024.0 / length as f64)
            }
            Err(_) => println!("{work:<28} left out: this system has no /proc/self/status"),
        }
    }
}

/// The process: prints by how many KiB the peak rose.
pub(crate) fn child(arguments: &[String]) {
    let [work, file] = arguments else { return };
    let xml = fs::read(file).expect("the file was just written");
    let schemas = crate::schemas();
    // Everything that is made once is made before.
    black_box(schemas.validate_schema(b"<x/>"));
    let Some(before) = resident("VmRSS:") else { return };
    // Forgets the peak of reading the file (proc(5), clear_refs).
    if fs::write("/proc/self/clear_refs", "5").is_err() {
        return;
    }
    match work.as_str() {
        "validate" => assert!(black_box(schemas.validate_schema(&xml)).is_valid()),
        _ => assert!(black_box(schemas.decode(&xml)).is_ok()),
    }
    if let Some(after) = resident("VmHWM:") {
        println!("{}", after.saturating_sub(before));
    }
}

fn resident(field: &str) -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB")?.parse().ok())
}
