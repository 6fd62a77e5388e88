"""The windows that pages must hold in, in CSS pixels."""

PHONE, DESK = (390, 844), (1440, 900)
