import type { DriveOptions, KeptSnapshot, MapEntry, OverlayInfo } from '../engine/index.ts';
import { inert, jsonLine } from '../engine/errors/shown.ts';

/** The output of the commands for files, as text and as JSON. This one formats `overlay info`. */
export function infoText(overlay: string, info: OverlayInfo): string {
  const [, ...bases] = info.chain;
  return [
    `${inert(overlay)}: qcow2 overlay of ${info.virtualBytes} bytes, ${info.fileBytes} bytes in the file`,
    `  clusters   ${info.clusterBytes} bytes, ${info.allocatedBytes} bytes of the disk in the overlay`,
    ...bases.map(
      ({ file, format, virtualBytes, problem }) =>
        `  stands on  ${inert(file)} (${format}, ${problem ? `not opened: ${inert(problem.message)}` : `${virtualBytes} bytes`})`,
    ),
    `  recording  ${info.keepsRecording ? 'replays start from its snapshots' : 'none'}`,
    ...(info.snapshots.length > 0 ? ['  snapshots'] : []),
    ...info.snapshots.map((snapshot) => `    ${snapshotLine(snapshot)}`),
    '',
  ].join('\n');
}

export const snapshotsText = (snapshots: readonly KeptSnapshot[]): string =>
  snapshots.length === 0 ? 'no snapshots\n' : snapshots.map((snapshot) => `${snapshotLine(snapshot)}\n`).join('');

function snapshotLine({ name, position, dateMilliseconds, stateBytes, state, isBeyondEnd }: KeptSnapshot): string {
  const where = position === null ? 'outside a recording' : `position ${position}`;
  const what = {
    ours: `${stateBytes} bytes of machine state`,
    foreign: `${stateBytes} bytes of a machine state that is not of blkreplay and is not loaded`,
    none: 'disk only',
  }[state];
  const note = isBeyondEnd ? ', past the end of the recording, so nothing replays from it' : '';
  return `${jsonLine(name)}, ${where}, ${isoDate(dateMilliseconds)}, ${what}${note}`;
}

export const snapshotsJson = (snapshots: readonly KeptSnapshot[]) =>
  snapshots.map(({ dateMilliseconds, ...snapshot }) => ({ ...snapshot, date: isoDate(dateMilliseconds) }));

/** The keys and their order are those of `qemu-img map --output=json`. */
export const mapJson = (map: readonly MapEntry[]) =>
  map.map(({ start, lengthBytes, depth, isPresent, isZero, hasData, hostOffset }) => ({
    start,
    length: lengthBytes,
    depth,
    present: isPresent,
    zero: isZero,
    data: hasData,
    ...(hostOffset === undefined ? {} : { offset: hostOffset }),
  }));

export function mapText(map: readonly MapEntry[]): string {
  const lines = map.map(({ start, lengthBytes, depth, isPresent, isZero, isCompressed, hostOffset }) => {
    const from = depth === 0 ? 'overlay' : `base ${depth}`;
    const what = isZero ? 'zeroes' : isCompressed ? 'compressed data' : `data at ${hostOffset}`;
    return `${start} +${lengthBytes}: ${isPresent ? `${what} in ${from}` : 'zeroes, nowhere said'}\n`;
  });
  return lines.join('');
}

/** In the syntax of `--drive`. */
export function driveText({ id, image, format, overlay, readOnly }: DriveOptions): string {
  const file = (name: string): string => inert(name).replaceAll(',', ',,');
  const more = readOnly ? ',readonly' : overlay === null ? '' : `,overlay=${file(overlay)}`;
  return `id=${id},image=${file(image)},format=${format}${more}`;
}

const isoDate = (milliseconds: number): string => new Date(milliseconds).toISOString();
