"""What goes in and out, field by field. Times carry Beijing's offset; absent is null."""
