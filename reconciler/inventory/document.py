def read(raw, reading):
    raise NotImplementedError
