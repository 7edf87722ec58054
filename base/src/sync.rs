//! Mutexes and locks whose poison is ignored.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Locking without poison.
///
/// A lock is poisoned when a thread panics while it holds the guard. The locks of this workspace guard values whose
/// invariants hold before and after every statement that can panic, so a poisoned value is still valid, and one panic
/// does not cause others.
pub trait LockExt {
    /// The value behind the lock.
    type Content: ?Sized;

    /// Waits for exclusive access, poisoned or not.
    fn locked(&self) -> MutexGuard<'_, Self::Content>;
}

impl<T: ?Sized> LockExt for Mutex<T> {
    type Content = T;

    fn locked(&self) -> MutexGuard<'_, T> {
        self.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for shared access to `lock`, poisoned or not.
pub fn read<T: ?Sized>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for exclusive access to `lock`, poisoned or not.
pub fn write<T: ?Sized>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::*;

    #[test]
    fn poison_is_ignored() {
        let mutex = Arc::new(Mutex::new(1));
        let lock = Arc::new(RwLock::new(2));
        let in_mutex = Arc::clone(&mutex);
        let in_lock = Arc::clone(&lock);
        let panicked = thread::spawn(move || {
            let _held = (in_mutex.lock(), in_lock.write());
            panic!("while both are held");
        });
        assert!(panicked.join().is_err());
        assert_eq!((*mutex.locked(), *read(&lock)), (1, 2));
        *write(&lock) = 3;
        assert_eq!(*read(&lock), 3);
    }
}
