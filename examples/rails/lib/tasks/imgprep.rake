# Instead of the endpoint, for applications that SNS cannot reach: `queue = true` under `[notify]`.
namespace :imgprep do
  desc "Take imgprep's messages from the queue at IMGPREP_QUEUE_URL"
  task listen: :environment do
    # A message is deleted once its block has ended, and comes again if the block raised.
    Aws::SQS::QueuePoller.new(ENV.fetch("IMGPREP_QUEUE_URL")).poll do |message|
      Photo.apply(JSON.parse(message.body))
    end
  end
end
