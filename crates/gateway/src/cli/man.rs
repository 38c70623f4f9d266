//! `iwmo man`: the pages of clap_mangen, with the head that `man` expects and without what its readers warn of.

use std::io::{self, Write};
use std::path::Path;

use clap::Command;

/// Writes the page of the program itself.
pub(super) fn page(program: Command, to: &mut dyn Write) -> io::Result<()> {
    to.write_all(render(program)?.1.as_bytes())
}

/// Writes a page for each command into a folder, which is made.
pub(super) fn pages(program: Command, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut program = program.disable_help_subcommand(true);
    program.build();
    let mut rest = vec![program];
    while let Some(command) = rest.pop() {
        rest.extend(command.get_subcommands().filter(|command| !command.is_hide_set()).cloned());
        let (name, page) = render(command)?;
        std::fs::write(folder.join(name), page)?;
    }
    Ok(())
}

/// Returns the file name of a page, and the page.
fn render(command: Command) -> io::Result<(String, String)> {
    let page = clap_mangen::Man::new(command);
    let (name, mut text) = (page.get_filename(), Vec::new());
    page.render(&mut text)?;
    let title = name.trim_end_matches(".1").to_uppercase();
    // A date would be that of the build, and two builds of one source would differ.
    let head =
        format!(".TH \"{title}\" \"1\" \"\" \"iwmo {}\" \"iWmo\\-gateway\"", env!("CARGO_PKG_VERSION"));
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().map(|line| if line.starts_with(".TH ") { &head } else { line.trim_end() });
    // An empty line between two breaks is asked for as such.
    let text = lines.collect::<Vec<_>>().join("\n").replace("\n.br\n\n.br\n", "\n.sp\n");
    Ok((name, text + "\n"))
}
