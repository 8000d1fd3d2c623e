# Signs uploads to the bucket, and tells where their variants will be.
class UploadsController < ApplicationController
  BUCKET = ENV.fetch("BUCKET")
  CDN = ENV.fetch("CDN").delete_suffix("/")
  ORIGINALS = "originals"
  VARIANTS = %w[800x600 400x300].freeze
  SUFFIXES = { "image/jpeg" => ".jpg", "image/png" => ".png", "image/webp" => ".webp" }.freeze
  EXPIRES_IN = 5.minutes

  # POST /uploads { "content_type": "image/jpeg" }: what the browser needs for one upload.
  def create
    content_type = params.require(:content_type)
    suffix = SUFFIXES[content_type]
    return head :unsupported_media_type unless suffix

    name = "#{SecureRandom.uuid}#{suffix}"
    url = Aws::S3::Object.new(BUCKET, "#{ORIGINALS}/#{name}").presigned_url(
      :put, content_type: content_type, expires_in: EXPIRES_IN.to_i
    )
    render json: { url: url, content_type: content_type, variants: variant_urls(name) }
  end

  private

  # The address of each variant of the original `originals/<name>`.
  def variant_urls(name)
    path = name.split("/").map { |part| ERB::Util.url_encode(part) }.join("/")
    VARIANTS.to_h { |folder| [folder, "#{CDN}/#{folder}/#{path}"] }
  end
end
