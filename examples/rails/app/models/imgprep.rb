# What the application knows of the pipeline: its addresses, and the variants of pipeline.toml.
module Imgprep
  BUCKET = ENV.fetch("IMGPREP_BUCKET")
  CDN_URL = ENV.fetch("IMGPREP_CDN_URL").delete_suffix("/")
  TOPIC_ARN = ENV.fetch("IMGPREP_TOPIC_ARN")
  ORIGINALS = "originals"

  Variant = Struct.new(:folder, :type, :width, :height)
  # Variants with `fit = "cover"`, the default, have exactly this width.
  VARIANTS = [
    Variant.new("400x300", "image/jpeg", 400, 300),
    Variant.new("800x600", "image/jpeg", 800, 600),
    Variant.new("webp/400x300", "image/webp", 400, 300),
    Variant.new("webp/800x600", "image/webp", 800, 600)
  ].freeze

  # The variants that any browser shows, smallest first.
  def self.plain = VARIANTS.select { |variant| variant.type == "image/jpeg" }

  # Better formats of the same, by their type.
  def self.modern = (VARIANTS - plain).group_by(&:type)

  def self.url(key, folder) = "#{CDN_URL}/#{folder}/#{path(key)}"

  def self.srcset(key, variants)
    variants.map { |variant| "#{url(key, variant.folder)} #{variant.width}w" }.join(", ")
  end

  # The key, encoded part by part. The CDN wants `~` encoded as well when it is to forget an address.
  def self.path(key)
    key.split("/", -1).map { |part| ERB::Util.url_encode(part).gsub("~", "%7E") }.join("/")
  end
end
