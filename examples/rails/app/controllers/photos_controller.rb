# Signs uploads straight to the bucket. Let only those call it who may upload.
class PhotosController < ApplicationController
  SUFFIXES = { "image/jpeg" => ".jpg", "image/png" => ".png", "image/webp" => ".webp" }.freeze
  BYTES_MAX = 25_000_000

  def index
    @photos = Photo.order(created_at: :desc).limit(50)
  end

  # POST /photos { "content_type": "image/jpeg" }: the form to send, its fields first and the file last.
  def create
    content_type = params.require(:content_type)
    suffix = SUFFIXES[content_type]
    return head :unsupported_media_type unless suffix

    # A new key for each upload, so that no cache holds another image under it.
    photo = Photo.create!(key: "#{SecureRandom.uuid}#{suffix}")
    form = Aws::S3::Bucket.new(Imgprep::BUCKET).presigned_post(
      key: "#{Imgprep::ORIGINALS}/#{photo.key}",
      content_type: content_type,
      content_length_range: 1..BYTES_MAX,
      signature_expiration: 15.minutes.from_now
    )
    render json: { id: photo.id, url: form.url, fields: form.fields }, status: :created
  end
end
