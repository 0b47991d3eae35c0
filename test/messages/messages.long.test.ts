/** All cases in messages.test.ts pass; `npm test` runs only a selection of them. */
import './messages.test.ts';
