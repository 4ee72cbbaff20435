"""E-mail: a mailbox that is read by IMAP, replies that leave by SMTP."""
