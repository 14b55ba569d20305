"""The line as it would be if the programmer had another schema than the pump."""

from emulator.emu_link import EmuLink
from protocol.programmer.crc import crc32
from protocol.wire import codec, frame, schema

OTHER_HASH = schema.SCHEMA_HASH ^ 1


def other_crc32(data: bytes, seed: int) -> int:
    """The CRC of an end with the other schema; the frozen types have seed 0 everywhere."""
    return crc32(data, OTHER_HASH if seed else 0)


class OtherSchemaLink(EmuLink):
    """Says each request as a programmer with the other schema would."""

    def write(self, data: bytes) -> None:
        """See EmuLink."""
        for said in frame.Decoder(crc32).feed(data):
            payload = said.payload
            if said.kind == schema.HELLO:
                values = codec.decode(schema.HELLO, payload)
                payload = codec.encode(schema.HELLO, {**values, "schema_hash": OTHER_HASH})
            super().write(frame.encode(other_crc32, said.counter, said.kind, payload))
