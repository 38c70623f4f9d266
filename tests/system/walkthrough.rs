//! The pages that begin from nothing, run as they stand: every block of shell, in order, on ports of the system's choice.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{PATIENCE, day, root};

/// The ports in the pages.
const PORTS: [&str; 3] = ["8443", "8444", "8445"];

/// The blocks of a page in a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("docs").join(page)).unwrap();
    let begin = format!("```{language}\n");
    text.split(&begin).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// Whether a program is there. In CI all of them are.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    assert!(found || std::env::var_os("CI").is_none(), "{program} is needed in CI");
    found
}

/// Copies the example messages, with days that have passed whenever this runs.
fn examples(folder: &Path) {
    std::fs::create_dir_all(folder.join("fixtures/example")).unwrap();
    for name in ["toewijzing.json", "start.json"] {
        let mut text = std::fs::read_to_string(root().join("fixtures/example").join(name)).unwrap();
        for (written, offset) in
            [("2026-11-02", -28), ("2026-11-10", -20), ("2026-11-12", -18), ("2027-10-31", 300)]
        {
            text = text.replace(written, &day(offset));
        }
        std::fs::write(folder.join("fixtures/example").join(name), text).unwrap();
    }
}

/// Runs a script in a folder, with the program on the path, and returns what it wrote.
fn run(script: &str, folder: &Path) -> String {
    let free: Vec<TcpListener> = PORTS.map(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap()).into();
    let mut script = script.to_owned();
    for (written, socket) in PORTS.iter().zip(&free) {
        script = script.replace(&format!(":{written}"), &format!(":{}", socket.local_addr().unwrap().port()));
    }
    drop(free);
    std::fs::write(folder.join("page.sh"), script).unwrap();
    let output = std::fs::File::create(folder.join("output")).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_iwmo")).parent().unwrap().display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap());
    let mut child = Command::new("bash")
        .args(["page.sh"])
        .current_dir(folder)
        .env("PATH", path)
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap();
    let start = std::time::Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE * 3 {
            drop(child.kill());
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    let told = std::fs::read_to_string(folder.join("output")).unwrap();
    assert!(status.success(), "{told}");
    told
}

/// Stops what the pages leave running, whatever becomes of them.
const FRAME: &str = "set -euo pipefail\ntrap 'kill %1 && wait' EXIT\n";

/// From nothing to a 305 over mutual TLS, a 306 that goes back and a CAK that is told; then the backoffice API, by curl
/// and by Python.
#[test]
fn the_pages_do_what_they_say() {
    if !(has("curl") && has("bash") && Command::new("openssl").arg("version").output().is_ok()) {
        eprintln!("SKIPPED: curl, bash or openssl is not here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    examples(folder.path());
    let mut script = FRAME.to_owned() + &blocks("running-the-gateway.md", "sh").join("\n");
    script.push_str("\necho THE API\n");
    // A stream has no end; that it comes is tested in the crate.
    for block in blocks("backoffice-api.md", "sh").iter().filter(|block| !block.contains("event-stream")) {
        script.push_str(block);
    }
    let python = blocks("backoffice-api.md", "python");
    let [python] = python.as_slice() else { panic!("one program") };
    if has("python3") {
        // The last part follows for ever; a page of it is enough here.
        let python = python.replace(
            "while True:\n        page = call(\"/gebeurtenissen",
            "for _ in range(1):\n        page = call(\"/gebeurtenissen",
        );
        std::fs::write(folder.path().join("client.py"), python.replace(":8444", "$API_PORT")).unwrap();
        script.push_str(
            "\necho THE CLIENT\nsed -i \"s|\\$API_PORT|:8444|\" ../../client.py\npython3 ../../client.py\n",
        );
    }
    let told = run(&script, folder.path());
    let partners = folder.path().join("try-out/partners");
    let got: Vec<String> = std::fs::read_dir(&partners)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("-0222-"))
        .collect();
    let of = |partner: &str| got.iter().filter(|name| name.starts_with(partner)).count();
    assert_eq!((of("coalitie-hvb-"), of("cak-")), (2, 1), "301 and 306, and the 401: {got:?}\n{told}");
    for part in ["WMO306", "WMO401", "\"dubbel\":false", "GESTART", "THE API"] {
        assert!(told.contains(part), "{part} is not in what the pages print:\n{told}");
    }
    if has("python3") {
        let client = told.split("THE CLIENT").nth(1).unwrap();
        assert!(client.contains("WMO305") && client.contains("'dubbel': True"), "{client}");
    }
}
