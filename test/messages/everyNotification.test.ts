/** Every problem that the extension reports is shown in VS Code with its cause, location and remedy. */
import { extensionRows } from './every/extensionRows.ts';
import { testRows } from './every/rows.ts';

testRows('the extension', extensionRows);
