//! `docs/cli-reference.md` is what `--help` of every command prints.

use std::fmt::Write;

use crate::harness::{iwmo, root};

/// The names under `Commands:` in a help text.
fn commands(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    list.take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

fn describe(text: &mut String, path: &[String]) {
    let help = iwmo(path.iter().map(String::as_str).chain(["--help"])).exits(0);
    assert_eq!(help.err, "");
    let name: Vec<&str> = std::iter::once("iwmo").chain(path.iter().map(String::as_str)).collect();
    let body: Vec<&str> = help.out.lines().map(str::trim_end).collect();
    writeln!(text, "\n## `{}`\n\n```text\n{}\n```", name.join(" "), body.join("\n").trim_end()).unwrap();
    for command in commands(&help.out) {
        describe(text, &[path, &[command]].concat());
    }
}

/// The reference text cannot drift from the program. Run with `UPDATE_EXPECT=1` to write it anew.
#[test]
fn the_reference_is_what_the_program_says() {
    let mut text = String::from(
        "# Commands\n\nMade from the program by the test `reference`; `UPDATE_EXPECT=1` writes it anew.\n",
    );
    describe(&mut text, &[]);
    let path = root().join("docs/cli-reference.md");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let different = kept.lines().zip(text.lines()).position(|(kept, said)| kept != said);
    assert!(
        kept == text,
        "docs/cli-reference.md differs from the program, first in line {:?}; UPDATE_EXPECT=1 writes it anew",
        different.map(|line| line + 1)
    );
}
