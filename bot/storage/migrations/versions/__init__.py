"""One file per revision; none is ever changed once it was released."""
