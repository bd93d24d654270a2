/** Whether the bytes of a stretch of a file, on their way to a client, are those of the version that they are sent for. */
export interface StretchCheck {
  /** Whether `assertSame` can tell by the CRC64NVME of the stretch: it is the whole version, and the record has the checksum. */
  readonly canDigest: boolean
  /** The checksum is wanted of large objects, too, whatever it costs. */
  readonly mustDigest: boolean
  /**
   * Once the last byte has been read, and before it is handed on: throws if the file has been changed since it was opened, or the
   * checksum, where it is given, is another.
   */
  assertSame(crc64nvme: Buffer | undefined): void
}
