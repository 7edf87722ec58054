//! Releases from GitHub: github.com and Enterprise.
