import { variants } from "./lib/imgprep.js";

export default {
  images: {
    loader: "custom",
    loaderFile: "./lib/loader.js",
    // next/image asks the loader for these widths, and so for each variant once.
    deviceSizes: variants.map(({ width }) => width),
    imageSizes: [],
  },
};
