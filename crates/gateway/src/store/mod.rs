//! The key-value store under the ledger.
