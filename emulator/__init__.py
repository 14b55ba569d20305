"""The world around the pump: virtual time, an emulated chip and a model of the plant."""
