# Runs the Rails example with as much of Rails as it needs.
#
# Takes the folder of the example, and imgprep's messages as JSON by their event.

require "erb"
require "json"
require "net/http"
require "ostruct"
require "securerandom"
require "uri"

FOLDER, MESSAGES = ARGV[0], JSON.parse(ARGV[1])

# As Action View's helper of the same name: attributes in their order, escaped, without those that are nil.
class Tag
  VOID = %i[img source].freeze

  def method_missing(name, content = "", **attributes)
    given = attributes.compact.map { |key, value| " #{key}=\"#{ERB::Util.html_escape(value)}\"" }
    VOID.include?(name) ? "<#{name}#{given.join}>" : "<#{name}#{given.join}>#{content}</#{name}>"
  end

  def respond_to_missing?(*) = true
end

module ViewHelpers
  def tag = Tag.new
  def safe_join(parts) = parts.join
end

class Integer
  def minutes = OpenStruct.new(from_now: self * 60)
end

module Enumerable
  def index_by = to_h { |it| [yield(it), it] }
end

class ApplicationRecord
  RECORDS = []
  class << self
    attr_reader :states

    def enum(name, states, default:) = @states = { name => states, default: default }
    def create!(**values) = new(**values).tap { |record| RECORDS << record }
    def find_by(**wanted) = RECORDS.find { |it| wanted.all? { |name, value| it[name] == value } }
  end

  def initialize(**values) = @values = { id: RECORDS.size + 1, state: "pending", **values }
  def [](name) = @values[name]
  def update!(**values) = @values.merge!(values)
  %i[id key state colour reason thumbhash].each { |name| define_method(name) { @values[name] } }
  %w[pending ready failed removed].each { |name| define_method("#{name}?") { state == name } }
end

module ActionController
  class API
    attr_reader :answer

    def initialize(body: nil, params: nil) = (@body, @params = body, params)
    def request = OpenStruct.new(raw_post: @body)
    def params = OpenStruct.new(values: @params).tap { |it| def it.require(name) = values.fetch(name) }
    def logger = OpenStruct.new.tap { |it| def it.warn(text) = LOG << text }
    def head(status) = @answer = status
    def render(json:, status:) = @answer = [status, json]
  end
end
LOG = []
ApplicationController = ActionController::API

module Aws
  module SNS
    # Whether SNS signed a message is the gem's to know.
    class MessageVerifier
      VerificationError = Class.new(StandardError)
      def authenticate!(body)
        JSON.parse(body)["Signature"] == "genuine" or raise VerificationError, "not authentic"
      end
    end
  end

  module S3
    Bucket = Struct.new(:name) do
      def presigned_post(**asked) = OpenStruct.new(url: "https://#{name}", fields: asked)
    end
  end
end

module Net
  class HTTP
    ASKED = []
    def self.get_response(address) = OpenStruct.new(value: ASKED << address.to_s)
  end
end

%w[
  models/imgprep models/photo helpers/imgprep_helper controllers/photos_controller
  controllers/imgprep_notifications_controller
].each { |name| load "#{FOLDER}/app/#{name}.rb" }

def check(wanted, found, what)
  raise "#{what}:\n  wanted #{wanted.inspect}\n  found  #{found.inspect}" unless wanted == found
end

# --- The helper.

VIEW = Object.new.extend(ViewHelpers, ImgprepHelper)
cdn, path = "https://d111111abcdef8.cloudfront.net", "2026/a%20b%2Bc.jpg"
check(
  "<picture><source type=\"image/webp\" srcset=\"#{cdn}/webp/400x300/#{path} 400w, " \
  "#{cdn}/webp/800x600/#{path} 800w\" sizes=\"50vw\"><img src=\"#{cdn}/800x600/#{path}\" " \
  "srcset=\"#{cdn}/400x300/#{path} 400w, #{cdn}/800x600/#{path} 800w\" sizes=\"50vw\" width=\"800\" " \
  "height=\"600\" alt=\"&quot;A&quot; &amp; &lt;b&gt;\" loading=\"lazy\" " \
  "style=\"background-color: #8a6f52\" class=\"wide\"></picture>",
  VIEW.imgprep_picture_tag(
    "2026/a b+c.jpg", alt: '"A" & <b>', sizes: "50vw", colour: "#8a6f52", class: "wide"
  ),
  "a picture"
)
eager = VIEW.imgprep_picture_tag("a.jpg", alt: "", loading: "eager")
check([true, false], [eager.include?(' loading="eager">'), eager.include?("style")], "an eager picture")
puts JSON.generate(
  "variants" => Imgprep::VARIANTS.map { |it| [it.folder, it.type, it.width, it.height] },
  "paths" => JSON.parse(ARGV[2]).map { |key| Imgprep.path(key) }
)

# --- An upload.

def created(content_type)
  PhotosController.new(params: { content_type: content_type }).tap(&:create).answer
end
check(:unsupported_media_type, created("text/html"), "an unwanted type")
status, answer = created("image/png")
photo = Photo.find_by(id: answer[:id])
check(true, photo.key.match?(/\A[0-9a-f-]{36}\.png\z/), photo.key)
fields = {
  key: "originals/#{photo.key}",
  content_type: "image/png",
  content_length_range: 1..25_000_000,
  signature_expiration: 900
}
check([:created, "https://acme-photos", fields], [status, answer[:url], answer[:fields]], "an upload")

# --- Messages.

PHOTO = Photo.create!(key: "2026/a b+c.jpg")
states = %w[pending ready failed removed]
check({ state: states.to_h { |it| [it, it] }, default: "pending" }, Photo.states, "states")

def posted(envelope)
  body = envelope.is_a?(String) ? envelope : JSON.generate(envelope)
  ImgprepNotificationsController.new(body: body).tap(&:create).answer
end
def envelope(event, **rest)
  {
    Type: "Notification", TopicArn: Imgprep::TOPIC_ARN, Signature: "genuine",
    Message: JSON.generate(MESSAGES.fetch(event)), **rest
  }
end
refused = ["", "[]", "7", "{}", envelope("ready", Signature: "forged")]
refused << envelope("ready", TopicArn: "#{Imgprep::TOPIC_ARN}-2")
refused.each { |body| check([:forbidden, "pending"], [posted(body), PHOTO.state], body) }
check("imgprep: refused a message: not authentic", LOG.last, "the log")

check(:no_content, posted(envelope("ready")), "ready")
ready = ["ready", "#8a6f52", "1QcSHQRnh493V4dIh4eXh1h4kJUI", nil]
check(ready, [PHOTO.state, PHOTO.colour, PHOTO.thumbhash, PHOTO.reason], "a photo that is ready")

def shown
  template = ERB.new(File.read("#{FOLDER}/app/views/photos/_photo.html.erb"))
  # Rails escapes what a template prints. Of that, only the reason is not HTML already.
  photo = PHOTO.dup
  photo.define_singleton_method(:reason) { ERB::Util.html_escape(self[:reason]) }
  VIEW.instance_exec { template.result(binding) }.delete("\n")
end
start, ending = "<figure id=\"photo-#{PHOTO.id}\">", "</figure>"
sizes, colour = "(max-width: 40em) 100vw, 400px", "#8a6f52"
picture = VIEW.imgprep_picture_tag(PHOTO.key, alt: "Photo #{PHOTO.id}", sizes: sizes, colour: colour)
check(start + picture + ending, shown, "a photo that is ready")
check(:no_content, posted(envelope("failed")), "failed")
failed = "<p role=\"alert\">This photo cannot be shown: the image is &lt;broken&gt;</p>"
check(start + failed + ending, shown, "a photo that failed")
check(:no_content, posted(envelope("removed")), "removed")
check(start + ending, shown, "a photo that was removed")

PHOTO.update!(key: "other.jpg")
check([:no_content, "removed"], [posted(envelope("ready")), PHOTO.state], "another application's")

confirm = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
asks = envelope("ready", Type: "SubscriptionConfirmation", SubscribeURL: confirm)
check(:no_content, posted(asks), "a subscription")
check(:forbidden, posted({ **asks, Signature: "forged" }), "a forged subscription")
check([confirm], Net::HTTP::ASKED, "addresses that were opened")
