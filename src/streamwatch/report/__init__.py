"""What happened, as files: the record of a stream from Prometheus, joined with the incidents of the receiver."""
