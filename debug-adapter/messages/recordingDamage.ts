/** What can be wrong inside a recording. Each string completes the sentence `a.rr is damaged at byte 20: ...`. */
export const recordingDamage = {
  twoVersions: () => 'the format version in its header differs from the one at the start of the file',
  versionZero: () => 'its format version is 0',
  notThere: (chunk: string) => `${chunk} does not start there`,
  checksum: (chunk: string) => `the checksum of ${chunk} is incorrect`,
  positionsFall: () => 'a position is lower than the previous one',
  misplacedChunk: () => 'a chunk is out of order',
  chunkTooLong: () => 'a chunk is too long',
  chunkChanged: () => 'a chunk is damaged, but intact chunks follow it',
  entriesAfterEnd: () => 'entries follow the end of the log',
  inChunk: (flaw: string) => `the chunk ${flaw}`,
  inBootFile: (name: string, flaw: string) => `the boot file ${name} ${flaw}`,
};

/** The parts of a recording that the messages in `recordingDamage` mention. */
export const recordingParts = {
  header: () => 'its header',
  bootFile: (name: string) => `the boot file ${name}`,
};

/** What can be wrong with a chunk or a boot file. Each string follows the words `the chunk` or the name of the file. */
export const chunkFlaws = {
  endsInValue: () => 'ends inside a value',
  endsInDigest: () => 'ends inside a digest',
  numberTooLarge: () => 'contains a number greater than 2^53',
  textNotUtf8: () => 'contains text that is not UTF-8',
  entryAfterLast: () => 'contains an entry after its last position',
  endsBeforeLast: () => 'ends before its last position',
  unknownEntry: (kind: number) => `contains an entry of unknown kind ${kind}`,
  badPayload: () => 'contains data for a device in an invalid format',
  unknownOperation: () => 'contains a disk request with an unknown operation',
  unknownStatus: () => 'contains a completion with an unknown status',
  unknownName: () => 'uses a name that is not defined',
  clockJumpOfZero: () => 'contains a clock jump of 0 ns',
  notJson: () => 'is not JSON',
  otherBootFile: () => 'is not the boot file that the header names',
  impossibleLength: () => 'has a length that is too large for its data',
  badField: (field: string) => `has no valid ${field}`,
  checksum: () => 'has an incorrect checksum',
  otherIndex: () => 'contains an index that does not match the preceding chunks',
  notRecorded: () => 'is not the recorded file',
  notDecompressed: () => 'cannot be decompressed',
};
