/** All cases of images.test.ts pass; `npm test` runs a selection. */
import './images.test.ts';
