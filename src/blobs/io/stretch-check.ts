/** Checks that the bytes of a range of a file that are sent to a client are those of its version. */
export interface StretchCheck {
  /**
   * Whether `assertSame` can use the CRC64NVME of the range: it is the whole version, and the record has the checksum.
   */
  readonly canDigest: boolean
  /** The checksum is required also for large objects. */
  readonly mustDigest: boolean
  /**
   * Called after the last byte was read and before it is passed on. Throws if the file has been changed since it was
   * opened, or the given checksum differs.
   */
  assertSame(crc64nvme: Buffer | undefined): void
}
