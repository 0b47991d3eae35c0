/** All cases of overlays.test.ts pass; `npm test` runs a selection. */
import './overlays.test.ts';
