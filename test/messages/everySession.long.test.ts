/** Every problem while a session is running is shown with its cause, location and remedy. */
import { testRows } from './every/rows.ts';
import { sessionRows } from './every/sessionRows.ts';

testRows('problems while a session is running', sessionRows);
