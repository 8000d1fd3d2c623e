# Where SNS posts the messages of `[notify]`. Anybody can post here, so nothing is believed before its
# signature and topic are verified.
class ImgprepNotificationsController < ActionController::API
  VERIFIER = Aws::SNS::MessageVerifier.new

  # An answer other than 2xx makes SNS send the message again.
  def create
    envelope = verified(request.raw_post)
    return head :forbidden unless envelope

    case envelope["Type"]
    when "SubscriptionConfirmation" then Net::HTTP.get_response(URI(envelope["SubscribeURL"])).value
    when "Notification" then Photo.apply(JSON.parse(envelope["Message"]))
    end
    head :no_content
  end

  private

  # The envelope, if SNS signed it for our topic. The verifier takes certificates from AWS only.
  def verified(body)
    envelope = JSON.parse(body)
    return unless envelope.is_a?(Hash) && envelope["TopicArn"] == Imgprep::TOPIC_ARN

    VERIFIER.authenticate!(body)
    envelope
  rescue JSON::ParserError, URI::InvalidURIError, Aws::SNS::MessageVerifier::VerificationError => e
    logger.warn("imgprep: refused a message: #{e.message}")
    nil
  end
end
