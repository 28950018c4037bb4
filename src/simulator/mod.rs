//! An HTTP server that imitates the vendor.
