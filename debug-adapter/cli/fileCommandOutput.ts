import type { DriveOptions, SnapshotEntryInfo, MapEntry, OverlayInfo } from '../engine/index.ts';
import { inert, jsonLine } from '../messages/shown.ts';
import { mapTexts, overlayLines, snapshotTexts } from '../messages/commandOutput.ts';
import { textFor } from '../messages/userError.ts';

/**
 * Formats the output of `overlay info`. The functions in this file format the output of file commands, as text and as
 * JSON.
 */
export function infoText(overlay: string, info: OverlayInfo): string {
  const [, ...bases] = info.chain;
  return [
    overlayLines.heading(inert(overlay), info),
    overlayLines.clusters(info),
    ...bases.map(({ file, format, virtualBytes, problem }) =>
      overlayLines.base(inert(file), format, problem ? { problem: textFor(problem, 'cli') } : { virtualBytes }),
    ),
    overlayLines.recording(info.keepsRecording),
    ...(info.snapshots.length > 0 ? [overlayLines.snapshots()] : []),
    ...info.snapshots.map((snapshot) => `    ${snapshotLine(snapshot)}`),
    '',
  ].join('\n');
}

export const snapshotsText = (snapshots: readonly SnapshotEntryInfo[]): string =>
  snapshots.length === 0 ? snapshotTexts.none() : snapshots.map((snapshot) => `${snapshotLine(snapshot)}\n`).join('');

function snapshotLine({ name, position, dateMilliseconds, stateBytes, state, isBeyondEnd }: SnapshotEntryInfo): string {
  const where = snapshotTexts.position(position);
  const what = {
    ours: snapshotTexts.ours(stateBytes),
    foreign: snapshotTexts.foreign(stateBytes),
    none: snapshotTexts.diskOnly(),
  }[state];
  const remark = isBeyondEnd ? snapshotTexts.beyondEnd() : '';
  return `${jsonLine(name)}, ${where}, ${isoDate(dateMilliseconds)}, ${what}${remark}`;
}

export const snapshotsJson = (snapshots: readonly SnapshotEntryInfo[]) =>
  snapshots.map(({ dateMilliseconds, ...snapshot }) => ({ ...snapshot, date: isoDate(dateMilliseconds) }));

/** The output has the same keys, in the same order, as that of `qemu-img map --output=json`. */
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
    const what = isZero ? mapTexts.zeroes() : isCompressed ? mapTexts.compressed() : mapTexts.data(hostOffset);
    return `${start} +${lengthBytes}: ${isPresent ? mapTexts.inFile(what, depth) : mapTexts.nowhere()}\n`;
  });
  return lines.join('');
}

/** Describes a drive in `--drive` syntax. */
export function driveText({ id, image, format, overlay, readOnly }: DriveOptions): string {
  const file = (name: string): string => inert(name).replaceAll(',', ',,');
  const more = readOnly ? ',readonly' : overlay === null ? '' : `,overlay=${file(overlay)}`;
  return `id=${id},image=${file(image)},format=${format}${more}`;
}

const isoDate = (milliseconds: number): string => new Date(milliseconds).toISOString();
