module ImgprepHelper
  # A `<picture>` of the original `originals/<key>`:
  #
  #   <%= imgprep_picture_tag "2026/cat.jpg", alt: "A cat", sizes: "(max-width: 40em) 100vw, 400px" %>
  #
  # `colour`, which `[notify]` sends, fills the place until the image is loaded. Further attributes are
  # the `<img>`'s; `loading: "eager"` suits the first image of a page.
  def imgprep_picture_tag(key, alt:, sizes: "100vw", colour: nil, **attributes)
    largest = Imgprep.plain.last
    sources = Imgprep.modern.map do |type, variants|
      tag.source(type: type, srcset: Imgprep.srcset(key, variants), sizes: sizes)
    end
    image = tag.img(
      src: Imgprep.url(key, largest.folder),
      srcset: Imgprep.srcset(key, Imgprep.plain),
      sizes: sizes,
      width: largest.width,
      height: largest.height,
      alt: alt,
      loading: "lazy",
      style: colour && "background-color: #{colour}",
      **attributes
    )
    tag.picture(safe_join([*sources, image]))
  end
end
