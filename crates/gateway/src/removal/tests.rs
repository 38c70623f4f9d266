//! What is removed, what stays, and what a crash leaves.
