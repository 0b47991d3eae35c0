import type { Host } from '../base/host.ts';
import type { Qcow2Image } from '../block/qcow2/image.ts';
import { UserError, dataOf } from '../../messages/userError.ts';
import type { DriveOptions } from './driveStack.ts';
import { hasInternalSnapshots } from './internalSnapshots.ts';
import { type DiskFile, type DiskLocation, listDiskFiles } from './openDisk.ts';

/** A session's files, for display, with the names that the user gave. */
export interface TimelineFiles {
  /** Null if nothing is recorded. */
  rrfile: string | null;
  /** The qcow2 image with the machine state, if it is not a drive's overlay. */
  stateFile: string | null;
  drives: DriveFiles[];
}

export interface DriveFiles {
  id: string;
  isReadOnly: boolean;
  /** True for an overlay that is deleted at the end of the session. */
  isTemporary: boolean;
  /** The drive's files, from the overlay (if there is one) to the last backing file. */
  chain: DiskFile[];
}

/**
 * Lists a drive's files. Opens the drive's base. `overlay` is already open; it is undefined in a replay without one.
 */
export function filesOfDrive(host: Host, options: DriveOptions, overlay: Qcow2Image | undefined): DriveFiles {
  const { id, readOnly, image, format } = options;
  const top: DiskFile[] =
    overlay && !hasInternalSnapshots(options)
      ? [
          {
            file: options.overlay ?? overlay.name,
            format: 'qcow2',
            fileBytes: overlay.fileBytes,
            virtualBytes: overlay.lengthBytes,
          },
        ]
      : [];
  return {
    id,
    isReadOnly: readOnly,
    isTemporary: !readOnly && options.overlay === null,
    chain: [...top, ...imageFiles(host, { path: image, format })],
  };
}

/** The files of an image. Also works if the image was deleted while the session had it open. */
function imageFiles(host: Host, image: DiskLocation): DiskFile[] {
  try {
    return listDiskFiles(host, image);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [{ file: image.path, format: image.format, fileBytes: 0, virtualBytes: 0, problem: dataOf(error) }];
  }
}
