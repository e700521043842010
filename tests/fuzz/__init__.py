"""What strangers may send, by the ten thousand: refused in clear words, at once, and nothing stays behind."""
