"""What a person is told about files of a machine."""

from portal.core.errors import Problem, register

_AS_IT_WAS = "Nothing on {name} was changed."

register(
    {
        "remote:no-sftp": Problem(
            "{name} serves no files",
            "The machine let the portal in, but its SSH server offers no file transfer (SFTP).",
            "The machine runs on and the shell works. " + _AS_IT_WAS,
            "Add “Subsystem sftp internal-sftp” to /etc/ssh/sshd_config in a shell, restart sshd, and try again.",
            409,
        ),
        "remote:bad-path": Problem(
            "This name cannot be used",
            "{reason}",
            _AS_IT_WAS,
            "Choose another name.",
            422,
        ),
        "remote:no-file": Problem(
            "“{path}” is not there",
            "The machine has no file or folder of this name: it was moved or deleted, or a link leads nowhere.",
            _AS_IT_WAS,
            "Go up one folder and look again.",
            404,
        ),
        "remote:file-denied": Problem(
            "{login} may not {doing} “{path}”",
            "The machine's own permissions forbid it to the login {login}.",
            _AS_IT_WAS,
            "Work in {home}, or use sudo in a shell to move the file or change who owns it.",
            403,
        ),
        "remote:is-folder": Problem(
            "“{path}” is a folder",
            "There is a folder of this name where a file is expected.",
            _AS_IT_WAS,
            "Choose another name, or rename the folder first.",
            409,
        ),
        "remote:not-folder": Problem(
            "“{path}” is not a folder",
            "A file is where a folder is expected.",
            _AS_IT_WAS,
            "Choose another folder, or rename the file first.",
            409,
        ),
        "remote:not-regular": Problem(
            "“{path}” is no ordinary file",
            "It is a device, a socket or a pipe, and has no content to show or to send.",
            _AS_IT_WAS,
            "Use the shell for it.",
            409,
        ),
        "remote:file-exists": Problem(
            "“{path}” is there already",
            "A file or folder of this name came first.",
            "It was left as it is.",
            "Choose another name, or replace it.",
            409,
        ),
        "remote:file-changed": Problem(
            "“{path}” was changed meanwhile",
            "It is not what it was when you chose to replace it: somebody or something wrote to it.",
            "It was left as it is, and what you sent is kept beside it.",
            "Look at it, then choose again whether to replace it.",
            409,
        ),
        "remote:upload-gap": Problem(
            "The upload goes on from an earlier place",
            "{have} of {total} bytes of “{path}” are on {name}.",
            "What is there is kept.",
            "The page goes on from there by itself; press Resume if it does not.",
            409,
        ),
        "remote:upload-spoilt": Problem(
            "“{path}” did not arrive as it was sent",
            "{have} bytes are on {name} and {total} were sent: something else wrote to the unfinished file.",
            "The unfinished file was removed; no other file was touched.",
            "Send it again.",
            409,
        ),
        "remote:disk-full": Problem(
            "The disk of {name} is full",
            "Writing “{path}” stopped after {have} bytes: no space is left there.",
            "What was written is kept as an unfinished, hidden file and goes on from there. Programs on {name} may fail too.",
            "Delete what is not needed, then press Resume. A larger volume can be attached for data.",
            507,
        ),
        "remote:quota-full": Problem(
            "{login} has no space left on {name}",
            "Writing “{path}” stopped after {have} bytes: the login's quota on the machine is used up.",
            "What was written is kept as an unfinished, hidden file and goes on from there.",
            "Delete what is not needed, then press Resume.",
            507,
        ),
        "remote:read-only": Problem(
            "“{path}” cannot be written to",
            "It lies on a file system that is read-only at the moment.",
            _AS_IT_WAS,
            "Choose another folder. A disk that became read-only by itself has errors: look at “dmesg” in a shell.",
            409,
        ),
        "remote:name-refused": Problem(
            "The machine does not take this name",
            "“{path}” is too long for its file system, or holds characters that it does not allow.",
            _AS_IT_WAS,
            "Choose a shorter, plainer name.",
            422,
        ),
        "remote:not-empty": Problem(
            "“{path}” is not empty any more",
            "Something was put into it while it was being deleted.",
            "What had been deleted before is gone; the rest is there.",
            "Look at what is in it, and delete it again if it should go.",
            409,
        ),
        "remote:file-failed": Problem(
            "{name} could not {doing} “{path}”",
            "The machine gave no better reason than the one below.",
            "What was asked for was not done, or not all of it.",
            "Try again; if it stays, try the same in a shell, which often says more.",
            409,
        ),
        "remote:file-shrank": Problem(
            "“{path}” became shorter while it was read",
            "Something on {name} cut it while it was being sent.",
            "The copy that you have is not whole.",
            "Download it again once it is at rest.",
            409,
        ),
        "remote:too-many-transfers": Problem(
            "Too many transfers at once",
            "One connection carries {most} uploads and downloads at a time, and all are in use.",
            "The others go on.",
            "Wait for one to end, or pause one.",
            429,
        ),
        "remote:too-many-names": Problem(
            "Too many at once",
            "{count} names were chosen, and at most {most} are taken in one step.",
            _AS_IT_WAS,
            "Choose fewer, or the folder that holds them.",
            422,
        ),
        "remote:piece-too-large": Problem(
            "This piece of the upload is too large",
            "Files are sent in pieces of at most {most} bytes; this one had {size}.",
            "What had arrived before is kept.",
            "Reload the page and press Resume.",
            413,
        ),
    }
)
