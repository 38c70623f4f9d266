//! The store itself.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::difference::{Watch, Watched};
use super::error::{Reason, StoreError, guarded};
use super::overlay::Writes;
use super::queue::Fronts;
use super::scan::{Scan, Value, of_data, with_data_key};
use super::tree::{Batch, Still, Tree};
use crate::journal::{Chain, EntryHash, Tip, Tips};

/// The largest key.
pub const KEY_BYTES_MAX: usize = 1 << 10;
/// The largest value.
pub const VALUE_BYTES_MAX: usize = 16 << 20;

/// The format of the store itself, beside that of its content. 1 was kept by sled, 2 by fjall.
const STORE_FORMAT: u32 = 3;
const FORMAT_KEY: &[u8] = b"\0format";
const TIP_PREFIX: &[u8] = b"\0tip";
const AFTER_TIPS: &[u8] = b"\0tiq";
/// The directory in that of the store which lsm-tree has for itself.
const ROWS: &str = "rows";
/// In it, when work in the background failed: what that wanted to write may be damaged, and would fail again.
const DOUBTFUL: &str = "doubtful";

/// The key-value store that the ledger is kept in.
///
/// One thread commits; any number read.
pub struct Ledger {
    /// Before the rest, so that the files are closed before another process gets in.
    tree: Tree,
    /// The format of the content.
    format: u32,
    /// The tips; locked for writing during a commit, for reading by who begins a view.
    tips: RwLock<Tips>,
    /// Who wants to know which keys are written.
    watched: Mutex<Watched>,
    /// Where queues begin.
    fronts: Arc<Fronts>,
    /// Where the rows are.
    rows: Option<PathBuf>,
    /// The place of one that is not.
    pub(super) temporary: Option<TempDir>,
    _lock: Option<File>,
}

/// How a store was found.
#[derive(Debug)]
pub enum Opening {
    /// It is in order; it may lag behind the journal.
    Opened(Ledger),
    /// It must be made anew with [`Ledger::create`] and filled from the journal.
    NeedsRebuild(Reason),
}

impl Ledger {
    /// Opens the store in a directory, with content of this format.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] when another process has it, [`StoreError::Io`] when the system fails. What a
    /// rebuild mends is an [`Opening`].
    pub fn open(dir: &Path, format: u32) -> Result<Opening, StoreError> {
        let rows = dir.join(ROWS);
        let there = match fs::metadata(&rows) {
            Ok(there) => there.is_dir(),
            // Nobody can tell.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(error.into()),
            Err(_) => false,
        };
        if !there {
            let of_sled = dir.join("db").is_file();
            return Ok(Opening::NeedsRebuild(if of_sled { Reason::Format } else { Reason::Missing }));
        }
        let lock = lock(dir)?;
        if rows.join(DOUBTFUL).exists() {
            let why = "its work in the background failed".to_owned();
            return Ok(Opening::NeedsRebuild(Reason::Damaged(why)));
        }
        let opened = guarded(|| Tree::open(&rows)).and_then(|tree| Self::read(tree, format));
        match opened {
            Ok(Some(ledger)) => {
                let ledger = Self { rows: Some(rows), _lock: Some(lock), ..ledger };
                Ok(match ledger.settled() {
                    Err(StoreError::Damaged(reason)) => Opening::NeedsRebuild(Reason::Damaged(reason)),
                    settled => Opening::Opened(settled?),
                })
            }
            Ok(None) => Ok(Opening::NeedsRebuild(Reason::Format)),
            Err(StoreError::Damaged(reason)) => Ok(Opening::NeedsRebuild(Reason::Damaged(reason))),
            Err(error) => Err(error),
        }
    }

    /// Makes an empty store in a directory, in place of one that is there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] when another process has it, [`StoreError::Io`] when the system fails.
    pub fn create(dir: &Path, format: u32) -> Result<Self, StoreError> {
        private(dir)?;
        let lock = lock(dir)?;
        remove_files(dir)?;
        let rows = dir.join(ROWS);
        let ledger = Self::begin(guarded(|| Tree::open(&rows))?, format)?;
        Ok(Self { rows: Some(rows), _lock: Some(lock), ..ledger })
    }

    /// Makes an empty store that is no more than a map in memory.
    #[cfg(test)]
    pub(crate) fn in_memory(format: u32) -> Self {
        Self::begin(Tree::Memory(Arc::default()), format).expect("a map takes everything")
    }

    /// Returns the value of a key.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] or [`StoreError::Io`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        with_data_key(key, |key| self.get_data(key))
    }

    /// As [`Ledger::get`], by the key that the tree has.
    pub(super) fn get_data(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        Ok(self.marked(guarded(|| self.tree.get(key)))?.map(Value))
    }

    /// Returns the pairs whose keys begin with `prefix`, in order.
    pub fn scan(&self, prefix: &[u8]) -> Scan {
        self.range(prefix, prefix)
    }

    /// Returns the pairs whose keys begin with `prefix` and are not before `from`, in order.
    pub fn range(&self, prefix: &[u8], from: &[u8]) -> Scan {
        Scan::new(prefix, from, |from, to| self.tree.range(from, to))
    }

    /// Returns a view that no commit changes, and that no commit waits for.
    pub fn view(&self) -> View {
        // A commit changes both while it has the tips.
        let tips = self.tips.read().unwrap_or_else(PoisonError::into_inner);
        View { still: self.tree.still(), tips: tips.clone() }
    }

    /// Returns a view of now that remembers which keys are written from now on. There is one at a time: another takes the
    /// place of the one before it, which then says that it knows too little.
    pub fn watch(&self) -> Watch {
        // A commit writes rows and says so while it has the tips.
        let tips = self.tips.read().unwrap_or_else(PoisonError::into_inner);
        let view = View { still: self.tree.still(), tips: tips.clone() };
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).begin(view)
    }

    /// Returns the journal tips that the content stands for.
    pub fn tips(&self) -> Tips {
        self.tips.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes all or nothing, and makes the content stand for these tips; other chains stay where they are.
    ///
    /// It is not durable when it returns; the journal is. After [`StoreError::Io`] or
    /// [`StoreError::Damaged`] the store must be opened again.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    pub fn commit(&self, writes: Writes, tips: &[Tip]) -> Result<(), StoreError> {
        self.commit_shared(&writes, tips)
    }

    /// As [`Ledger::commit`], of writes that somebody looks through meanwhile.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    pub fn commit_shared(&self, writes: &Writes, tips: &[Tip]) -> Result<(), StoreError> {
        self.committed(writes, tips, Tree::apply)
    }

    /// As [`Ledger::commit`], for very many writes at once: quicker, and with a sync.
    ///
    /// # Errors
    ///
    /// See [`StoreError`].
    pub fn load(&self, writes: &Writes, tips: &[Tip]) -> Result<(), StoreError> {
        self.committed(writes, tips, Tree::load)
    }

    fn committed(
        &self,
        writes: &Writes,
        tips: &[Tip],
        write: impl FnOnce(&Tree, Batch<'_>) -> lsm_tree::Result<()>,
    ) -> Result<(), StoreError> {
        let mut held = self.tips.write().unwrap_or_else(PoisonError::into_inner);
        let mut chains = BTreeSet::new();
        let mut tip_rows = Vec::with_capacity(tips.len());
        for tip in tips {
            let before = held.get(&tip.chain).copied().unwrap_or_else(|| Tip::start(tip.chain));
            if tip.seq < before.seq || (tip.seq == before.seq && tip.hash != before.hash) {
                return Err(StoreError::TipBackwards { held: before, given: *tip });
            }
            if !chains.insert(tip.chain) {
                return Err(StoreError::ChainTwice(tip.chain));
            }
            if tip.seq > 0 {
                tip_rows.push((tip_key(tip.chain), tip_value(tip)));
            }
        }
        let mut batch = Batch::with_room(writes.len() + tip_rows.len());
        for (key, value) in &tip_rows {
            batch.insert(key, value);
        }
        for (key, value) in &writes.0 {
            check_size(of_data(key), value.as_deref().unwrap_or_default())?;
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).note(batch.keys());
        let queued = Fronts::in_queues(batch.inserted());
        self.marked(guarded(|| write(&self.tree, batch)))?;
        self.fronts.wrote(queued);
        held.extend(tips.iter().filter(|tip| tip.seq > 0).map(|tip| (tip.chain, *tip)));
        Ok(())
    }

    /// Says why what is committed can only be kept in memory for now, and where it should go: the disk is full, or refuses.
    /// It is tried again by itself. What is committed all the same is refused once it is much.
    pub fn lacking(&self) -> Option<(&Path, String)> {
        self.rows.as_deref().zip(self.tree.lacking())
    }

    /// Has it lack something, until its tables are made again.
    #[cfg(test)]
    pub(crate) fn lack(&self, why: Option<String>) {
        self.tree.lack(why);
    }

    /// Returns a SHA-256 over all keys and values in order; the tips and formats are not part of it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] or [`StoreError::Io`].
    pub fn content_hash(&self) -> Result<[u8; 32], StoreError> {
        let mut hasher = Sha256::new();
        for pair in self.scan(b"") {
            let (key, value) = pair?;
            for bytes in [&key, &value] {
                // With the lengths, so that no two contents run into the same bytes.
                hasher.update((bytes.len() as u64).to_le_bytes());
                hasher.update(bytes);
            }
        }
        Ok(hasher.finalize().into())
    }

    /// Removes all content and all tips. Interrupted, it leaves a store that needs a rebuild.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] or [`StoreError::Io`].
    pub fn clear(&self) -> Result<(), StoreError> {
        let mut held = self.tips.write().unwrap_or_else(PoisonError::into_inner);
        // Without its format it is not taken for whole, so this goes first.
        let mut first = Batch::default();
        first.remove(FORMAT_KEY);
        guarded(|| self.tree.apply(first))?;
        guarded(|| self.tree.clear())?;
        write_format(&self.tree, self.format)?;
        self.fronts.clear();
        held.clear();
        Ok(())
    }

    /// Returns the directory of the rows, unless they are in memory.
    pub(super) fn rows(&self) -> Option<&Path> {
        self.rows.as_deref()
    }

    pub(super) fn fronts(&self) -> &Arc<Fronts> {
        &self.fronts
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Takes up an empty store.
    fn begin(tree: Tree, format: u32) -> Result<Self, StoreError> {
        write_format(&tree, format)?;
        // A crash leaves a store that lags, and not one that is half made.
        guarded(|| tree.write_down())?;
        Ok(Self::with(tree, format, Tips::new()))
    }

    fn with(tree: Tree, format: u32, tips: Tips) -> Self {
        Self {
            tree,
            format,
            tips: RwLock::new(tips),
            fronts: Arc::default(),
            watched: Mutex::default(),
            rows: None,
            temporary: None,
            _lock: None,
        }
    }

    /// Takes up a store that was there, or returns nothing when it has another format.
    pub(super) fn read(tree: Tree, format: u32) -> Result<Option<Self>, StoreError> {
        let found = guarded(|| tree.get(FORMAT_KEY))?;
        if found.is_none_or(|found| *found != format_value(format)[..]) {
            return Ok(None);
        }
        let mut tips = Tips::new();
        let mut pairs = tree.range(TIP_PREFIX, AFTER_TIPS);
        while let Some((key, value)) = guarded(|| pairs.next().transpose())? {
            let tip = read_tip(&key, &value).ok_or(StoreError::Damaged("a tip cannot be read".to_owned()))?;
            tips.insert(tip.chain, tip);
        }
        Ok(Some(Self::with(tree, format, tips)))
    }

    /// Remembers for the next start that the store is damaged, if that is what became of an operation.
    pub(super) fn marked<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if let (Err(StoreError::Damaged(_)), Some(rows)) = (&done, &self.rows) {
            // Where not even this can be written, the next start finds out again.
            drop(File::create(rows.join(DOUBTFUL)));
        }
        done
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("format", &self.format).finish_non_exhaustive()
    }
}

/// A ledger as it was at a moment. What is removed or overwritten later is kept for as long as this is.
pub struct View {
    still: Still,
    tips: Tips,
}

impl View {
    pub(super) fn still(&self) -> &Still {
        &self.still
    }

    /// Returns the value of a key.
    ///
    /// # Errors
    ///
    /// As [`Ledger::get`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        Ok(with_data_key(key, |key| guarded(|| self.still.get(key)))?.map(Value))
    }

    /// Returns the pairs whose keys begin with `prefix`, in order.
    pub fn scan(&self, prefix: &[u8]) -> Scan {
        self.range(prefix, prefix)
    }

    /// Returns the pairs whose keys begin with `prefix` and are not before `from`, in order.
    pub fn range(&self, prefix: &[u8], from: &[u8]) -> Scan {
        Scan::new(prefix, from, |from, to| self.still.range(from, to))
    }

    /// Returns the journal tips that the content stands for.
    pub fn tips(&self) -> &Tips {
        &self.tips
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("tips", &self.tips).finish_non_exhaustive()
    }
}

/// Says whether the store takes a pair.
///
/// # Errors
///
/// [`StoreError::TooLarge`] when it does not.
pub fn check_size(key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    at_most("a key", key.len(), KEY_BYTES_MAX)?;
    at_most("a value", value.len(), VALUE_BYTES_MAX)
}

fn at_most(what: &'static str, bytes: usize, bytes_max: usize) -> Result<(), StoreError> {
    if bytes > bytes_max { Err(StoreError::TooLarge { what, bytes, bytes_max }) } else { Ok(()) }
}

/// Makes the directory, for its owner alone: BSNs stand in it in clear, and its files are made for all to read.
fn private(dir: &Path) -> io::Result<()> {
    const OWNER: u32 = 0o700;
    DirBuilder::new().recursive(true).mode(OWNER).create(dir)?;
    if dir.metadata()?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(dir, Permissions::from_mode(OWNER))?;
    }
    Ok(())
}

pub(super) fn lock(dir: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(dir.join("in-use"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Removes the files of the store, those that sled made once too, and nothing else that may be in the directory.
fn remove_files(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        match path.file_name().and_then(|name| name.to_str()) {
            Some(ROWS | "blobs") => fs::remove_dir_all(path)?,
            Some("conf" | "db") => fs::remove_file(path)?,
            Some(name) if name.starts_with("snap.") => fs::remove_file(path)?,
            _ => {}
        }
    }
    Ok(())
}

fn write_format(tree: &Tree, format: u32) -> Result<(), StoreError> {
    let value = format_value(format);
    let mut batch = Batch::default();
    batch.insert(FORMAT_KEY, &value);
    guarded(|| tree.apply(batch))
}

fn format_value(format: u32) -> [u8; 8] {
    (u64::from(format) << 32 | u64::from(STORE_FORMAT)).to_le_bytes()
}

fn tip_key(chain: Chain) -> Vec<u8> {
    [TIP_PREFIX, &chain.code()].concat()
}

fn tip_value(tip: &Tip) -> Vec<u8> {
    [&tip.seq.to_le_bytes()[..], &tip.hash.0].concat()
}

fn read_tip(key: &[u8], value: &[u8]) -> Option<Tip> {
    let chain = Chain::new(key.strip_prefix(TIP_PREFIX)?.try_into().ok()?)?;
    let (seq, hash) = value.split_first_chunk()?;
    Some(Tip { chain, seq: u64::from_le_bytes(*seq), hash: EntryHash(hash.try_into().ok()?) })
}
