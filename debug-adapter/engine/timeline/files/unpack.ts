import type { Host } from '../../base/host.ts';
import { contentDigest } from '../../block/driveDigest.ts';
import { packBaseNeeded, packBaseOther, packBaseUnknown, packTargetExists } from '../../errors/overlays.ts';
import { digestText } from '../../recording/header.ts';
import { openDisk } from '../openDisk.ts';
import type { DriveOptions } from '../driveStack.ts';
import { underLocks } from './overlayFile.ts';
import { type PackedDrive, type PackHeader, PackReader } from './packFormat.ts';
import { renameBase } from './rebase.ts';

/** What `pack` made, as files in a folder again. */
export interface UnpackOptions {
  pack: string;
  folder: string;
  /** Where the bases are that are not in the pack, by drive. */
  bases: ReadonlyMap<string, string>;
  overwrite: boolean;
}

/** What to replay it with. */
export interface Unpacked {
  rrfile: string;
  drives: DriveOptions[];
  files: string[];
}

/** Everything that can be refused is refused before the first file is made. Names in the overlays follow the files. */
export function unpackRecording(host: Host, options: UnpackOptions): Unpacked {
  const packFile = host.files.open(options.pack, { write: false, create: 'never' });
  try {
    const reader = new PackReader(packFile, host.compression);
    const { header } = reader;
    const at = (name: string): string => host.files.inFolder(options.folder, name);
    checkBases(host, options, header);
    const files = header.files.map(({ name }) => at(name));
    const existing = files.find((path) => host.files.exists(path));
    if (existing !== undefined && !options.overwrite) throw packTargetExists(existing);
    files.forEach((path) => host.files.createFolderOf(path));
    underLocks(host, files, () => {
      for (const { name, lengthBytes } of header.files) unpackFile(host, reader, at(name), lengthBytes);
    });
    const drives = header.drives.map((drive) => placed(host, options, drive, at));
    return { rrfile: at(header.rrfile), drives, files };
  } finally {
    packFile.close();
  }
}

function unpackFile(host: Host, reader: PackReader, path: string, lengthBytes: number): void {
  const file = host.files.open(path, { write: true, create: 'truncate' });
  try {
    reader.nextFile(file, lengthBytes);
    file.sync();
  } finally {
    file.close();
  }
}

function checkBases(host: Host, { pack, bases }: UnpackOptions, { drives }: PackHeader): void {
  for (const { id, image, imageAsRecorded, contentDigest: digest, format } of drives) {
    const base = bases.get(id);
    if (image !== null && base !== undefined) throw packBaseUnknown({ drive: id, file: pack });
    if (image !== null) continue;
    if (base === undefined) throw packBaseNeeded({ file: pack, drive: id, image: imageAsRecorded, digest });
    const disk = openDisk(host, { path: base, format });
    try {
      const isRight = digestText(contentDigest(disk)) === digest;
      if (!isRight) throw packBaseOther({ base, drive: id, image: imageAsRecorded });
    } finally {
      disk.close();
    }
  }
  const unknown = [...bases.keys()].find((id) => !drives.some((drive) => drive.id === id));
  if (unknown !== undefined) throw packBaseUnknown({ drive: unknown, file: pack });
}

/** A drive in its new place, every overlay and backing file naming the one under it there. */
function placed(host: Host, { bases }: UnpackOptions, drive: PackedDrive, at: (name: string) => string): DriveOptions {
  const { id, format, readOnly, backings } = drive;
  const image = drive.image === null ? bases.get(id)! : at(drive.image);
  const overlay = drive.overlay === null ? null : at(drive.overlay);
  for (const { file, backing, format } of backings) renameBase(host, at(file), { path: at(backing), format });
  if (overlay !== null && drive.image === null) renameBase(host, overlay, { path: image, format });
  return { id, image, format, overlay, readOnly };
}
