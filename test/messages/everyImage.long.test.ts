/** Every reason why a disk image or overlay cannot be used is reported with its cause, its place and its remedy. */
import { driveRows, fileRows } from './every/fileRows.ts';
import { imageRows } from './every/imageRows.ts';
import { testRows } from './every/rows.ts';

testRows('disk images', imageRows);
testRows('work on overlays, snapshots and packs', fileRows);
testRows('files of a session', driveRows);
