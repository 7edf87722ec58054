//! Windows: the owner and the access control list of a file.
#![expect(
    unsafe_code,
    reason = "the standard library does not read owners and access control lists"
)]

use std::{
    ffi::{OsString, c_void},
    fs, io,
    os::windows::{ffi::OsStringExt as _, fs::OpenOptionsExt as _, io::AsRawHandle as _},
    path::{Path, PathBuf},
    ptr,
};

use loom_base::bounded_file::RegularFile;
use windows_sys::Win32::{
    Foundation::{ERROR_SUCCESS, GENERIC_ALL, GENERIC_READ, GENERIC_WRITE, LocalFree},
    Security::{
        ACCESS_ALLOWED_ACE, ACE_HEADER, ACL,
        Authorization::{GetSecurityInfo, SE_FILE_OBJECT},
        DACL_SECURITY_INFORMATION, GetAce, INHERIT_ONLY_ACE, IsWellKnownSid,
        OWNER_SECURITY_INFORMATION, PSID, WinBuiltinAdministratorsSid, WinLocalSystemSid,
    },
    Storage::FileSystem::{
        DELETE, FILE_APPEND_DATA, FILE_DELETE_CHILD, FILE_FLAG_BACKUP_SEMANTICS,
        FILE_WRITE_ATTRIBUTES, FILE_WRITE_DATA, FILE_WRITE_EA, READ_CONTROL, WRITE_DAC,
        WRITE_OWNER,
    },
    System::{Com::CoTaskMemFree, SystemServices::ACCESS_ALLOWED_ACE_TYPE},
    UI::Shell::{FOLDERID_ProgramData, SHGetKnownFolderPath},
};

/// The rights that let a user change a file, or put another one in its place.
const WRITE: u32 = FILE_WRITE_DATA
    | FILE_APPEND_DATA
    | FILE_WRITE_EA
    | FILE_WRITE_ATTRIBUTES
    | FILE_DELETE_CHILD
    | DELETE
    | WRITE_DAC
    | WRITE_OWNER
    | GENERIC_WRITE
    | GENERIC_ALL;

/// Opens the file for reading.
pub(in crate::config) fn open(file: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().read(true).access_mode(GENERIC_READ | READ_CONTROL).open(file)
}

/// Checks the open file and the folder in which it was found.
///
/// # Errors
/// If administrators do not own one of them, or if another user can write one of them: in words.
pub(in crate::config) fn check(opened: &RegularFile, file: &Path) -> Result<(), String> {
    judge(opened.file()).map_err(|why| format!("{} {why}", file.display()))?;
    let Some(folder) = file.parent() else { return Ok(()) };
    let in_words = |why: String| format!("{} {why}", folder.display());
    let opened = fs::OpenOptions::new()
        .access_mode(READ_CONTROL)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
        .open(folder)
        .map_err(|error| in_words(format!("cannot be opened: {error}")))?;
    judge(&opened).map_err(in_words)
}

/// `C:\ProgramData`, as the system reports it; no variable changes it.
pub fn program_data() -> Option<PathBuf> {
    let mut path: *mut u16 = ptr::null_mut();
    // SAFETY: The function writes a pointer to a string that ends in 0, or null, and the string is freed once.
    unsafe {
        let result = SHGetKnownFolderPath(&FOLDERID_ProgramData, 0, ptr::null_mut(), &mut path);
        let folder = (result >= 0 && !path.is_null()).then(|| {
            let length = (0..).take_while(|index| *path.add(*index) != 0).count();
            PathBuf::from(OsString::from_wide(std::slice::from_raw_parts(path, length)))
        });
        CoTaskMemFree(path.cast());
        folder
    }
}

fn judge(opened: &fs::File) -> Result<(), String> {
    let mut owner: PSID = ptr::null_mut();
    let mut list: *mut ACL = ptr::null_mut();
    let mut descriptor: *mut c_void = ptr::null_mut();
    // SAFETY: The handle is open while the function runs. `owner` and `list` point into `descriptor`, which lives until it
    // is freed at the end.
    unsafe {
        let result = GetSecurityInfo(
            opened.as_raw_handle(),
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
            &mut owner,
            ptr::null_mut(),
            &mut list,
            ptr::null_mut(),
            &mut descriptor,
        );
        let verdict = if result != ERROR_SUCCESS {
            let error = io::Error::from_raw_os_error(result.cast_signed());
            Err(format!("has an owner that cannot be read: {error}"))
        } else if !is_administrator(owner) {
            Err("is not owned by administrators".to_owned())
        } else if list.is_null() || others_may_write(list) {
            Err("can be written by users other than administrators".to_owned())
        } else {
            Ok(())
        };
        LocalFree(descriptor);
        verdict
    }
}

/// Whether an entry of the list lets another user than an administrator write. An entry of an unknown kind counts as such.
///
/// # Safety
/// `list` points to a valid access control list.
unsafe fn others_may_write(list: *const ACL) -> bool {
    // SAFETY: The caller vouches for the list. Each entry begins with a header; an entry that allows access has a mask and
    // the identifier of a user or group behind it.
    unsafe {
        (0..u32::from((*list).AceCount)).any(|index| {
            let mut entry: *mut c_void = ptr::null_mut();
            if GetAce(list, index, &mut entry) == 0 {
                return true;
            }
            let header = *entry.cast::<ACE_HEADER>();
            if u32::from(header.AceFlags) & INHERIT_ONLY_ACE != 0 {
                return false;
            }
            if u32::from(header.AceType) != ACCESS_ALLOWED_ACE_TYPE {
                // Types 1 to 3 deny access, or record it.
                return !(1..=3).contains(&header.AceType);
            }
            let allowed = entry.cast::<ACCESS_ALLOWED_ACE>();
            let user: PSID = ptr::addr_of_mut!((*allowed).SidStart).cast();
            (*allowed).Mask & WRITE != 0 && !is_administrator(user)
        })
    }
}

/// Whether the identifier is that of the administrators or of the system itself.
///
/// # Safety
/// `user` points to a valid security identifier.
unsafe fn is_administrator(user: PSID) -> bool {
    // SAFETY: The caller vouches for the identifier.
    unsafe {
        IsWellKnownSid(user, WinBuiltinAdministratorsSid) != 0
            || IsWellKnownSid(user, WinLocalSystemSid) != 0
    }
}
